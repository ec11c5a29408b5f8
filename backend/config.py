"""Where things are. Nothing here changes a result: what does is in the recipe."""

import os
import re
from collections.abc import Mapping
from email.utils import parseaddr
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.errors import InvalidInput

OF_THE_WEB = ("RONDO_OIDC_CLIENT_SECRET", "RONDO_METRICS_TOKEN", "RONDO_SMTP_PASSWORD")
"""Secrets that no child process needs."""
OF_THE_SYSTEM = {
    *("PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "OMP_NUM_THREADS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
}
"""Variables that a program needs to run and to reach a network, none of them a secret of Rondo's."""


def split(value: str) -> list[str]:
    """The words of a list that commas or spaces separate."""
    return value.replace(",", " ").split()


class Settings(BaseSettings):
    """Read from the environment (`RONDO_...`) and from `.env` in the working folder."""

    model_config = SettingsConfigDict(env_prefix="RONDO_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("rondo-data"), description="folder for the database, checkpoints, datasets and logs")
    cache: Path = Field(Path("~/.cache/rondo"), description="folder for what is made once: the model of `make real`")
    database_url: str = Field("", description="SQLAlchemy address; empty means SQLite in the data folder")
    files_url: str = Field(
        "", description="folder or fsspec address where machines share checkpoints and files; empty means none"
    )
    files_cache_gb: float = Field(
        100.0, ge=0, description="so much of what was fetched from there each machine keeps, in GB"
    )
    group_access: bool = Field(False, description="let the data folder's group read and write it as well")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(7860, description="port to listen on")
    secure_cookies: bool = Field(False, description="send session cookies over HTTPS only (set behind a TLS proxy)")
    trusted_proxies: str = Field(
        "", description="addresses or networks of proxies whose X-Forwarded headers are believed; empty means none"
    )
    hf_offline: bool = Field(True, description="never ask the model hub; set to false to load models by hub name")
    torch_threads: int = Field(1, description="CPU threads of each model process; 1 is fastest for tiny models")
    vllm_python: str = Field("", description="the Python that has vLLM; empty means the one that runs Rondo")
    vllm_options: str = Field("", description="further options of vLLM's server, such as --tensor-parallel-size 2")
    vllm_start_seconds: float = Field(600.0, gt=0, description="how long vLLM may take until it answers")
    vllm_idle_seconds: float = Field(60.0, ge=0, description="a vLLM server that nobody uses ends after so long")
    chat_models: int = Field(4, ge=0, description="models that people may chat with at once; each is loaded for it")
    chat_idle_seconds: float = Field(60.0, gt=0, description="a model that nobody writes to is let go after so long")
    embedding_model: str = Field(
        "", description="folder of a model2vec model for vectors of samples; empty means the project's own base model"
    )
    max_upload_mb: int = Field(200, description="largest file that may be uploaded")
    oidc_issuer: str = Field("", description="OpenID Connect provider people may sign in with; empty means none")
    oidc_client_id: str = Field("", description="how that provider knows this installation")
    oidc_client_secret: SecretStr | None = Field(None, description="the client's secret at that provider")
    oidc_domain: str = Field("", description="only let in verified addresses of this domain")
    oidc_auto_create: bool = Field(False, description="make an account for whoever the provider vouches for")
    metrics_token: SecretStr | None = Field(
        None, description="what /metrics is asked with; where it is empty only this machine may ask, past no proxy"
    )
    log_json: bool = Field(False, description="write the log as lines of JSON, with project, round and job")
    gguf_converter: str = Field(
        "",
        description="the convert_hf_to_gguf.py of a llama.cpp checkout; empty means Rondo's exporter, for Llama alone",
    )
    hub_token: SecretStr | None = Field(None, description="token with which an owner pushes to the model hub")
    hub_endpoint: str = Field(
        "", description="address of the hub that is pushed to; empty means that of HF_ENDPOINT, or huggingface.co"
    )
    private_webhooks: bool = Field(
        False, description="let webhooks go to this machine and to private networks, not to public addresses alone"
    )
    smtp_host: str = Field("", description="server that mail is sent by; empty means that none is sent")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection to it is kept secret: starttls, tls, or none"
    )
    smtp_user: str = Field("", description="name to sign in with there; empty means without")
    smtp_password: SecretStr | None = Field(None, description="password to sign in with there")
    smtp_from: str = Field("", description="sender's address of mail; empty means rondo@ and the server's name")
    public_url: str = Field("", description="where people reach this installation, for links in mail")
    openai_api_key: SecretStr | None = Field(None, description="key for OpenAI-compatible endpoints")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for part in split(value):
            try:
                ip_network(part)
            except ValueError:
                raise ValueError(f"{part!r} is no address and no network such as 127.0.0.1 or 10.0.0.0/8") from None
        return value

    @field_validator("files_url")
    @classmethod
    def _is_place_of_files(cls, value: str) -> str:
        if (value := value.strip()) and not value.strip("/"):
            raise ValueError("the root of the disk is no place for shared files; make a folder for them")
        value = value.rstrip("/")
        if value.startswith(("/", "~")):
            return f"file://{Path(value).expanduser().resolve()}"  # as it is: fsspec decodes no %20
        if value and not re.match(r"[a-z][a-z0-9+.-]*:/", value):
            raise ValueError(
                f"{value!r} is no whole path and no address such as file:///srv/rondo or s3://bucket/rondo"
            )
        return value

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks whose X-Forwarded headers are believed."""
        return tuple(ip_network(part) for part in split(self.trusted_proxies))

    @field_validator("hub_endpoint", "public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(f"{value!r} is no address such as https://example.org")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        value = value.strip()
        if value and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]*[^@\s<>.]", parseaddr(value)[1]):
            raise ValueError(f"{value!r} is no address of mail such as rondo@example.org")
        return value

    @property
    def hub_address(self) -> str:
        """Where the token and what is pushed go."""
        return self.hub_endpoint or os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, and with what is computed from them computed anew."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("folder", "url"):
            copy.__dict__.pop(name, None)
        return copy

    @cached_property
    def folder(self) -> Path:
        """The data folder as an absolute path. Kept: every transaction asks for it, and the disk is asked each time."""
        return self.data_dir.expanduser().resolve()

    @cached_property
    def url(self) -> str:
        """The database address in use; PostgreSQL always through psycopg."""
        if not self.database_url:
            return f"sqlite:///{self.folder / 'rondo.db'}"
        for prefix in ("postgres://", "postgresql://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url.removeprefix(prefix)
        return self.database_url

    def environment(self) -> dict[str, str]:
        """The variables a child process needs to read the same settings; nobody signs in or looks in there."""
        kept = {name: value for name, value in os.environ.items() if name.upper() not in OF_THE_WEB}
        return kept | {
            "RONDO_DATA_DIR": str(self.folder),
            "RONDO_DATABASE_URL": self.url,
            # Said both ways: the web process itself never asks the hub, whatever its jobs may do.
            "HF_HUB_OFFLINE": "1" if self.hf_offline else "0",
            # Where the hub may be asked, then for models and nothing else.
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }


def bare_environment() -> dict[str, str]:
    """The variables for a process that reads strangers' files: no token, key, password or database."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in OF_THE_SYSTEM or name.upper().startswith("LC_")
    }


@lru_cache
def _read() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"RONDO_{str(wrong['loc'][0]).upper()}"
        raise InvalidInput(
            f"{name} is {wrong['input']!r}: {wrong['msg']}. Correct it in the environment or in the file .env."
        ) from None


_lock = Lock()


def settings() -> Settings:
    """The settings of this process; read once. Raises `InvalidInput` for a value that means nothing."""
    with _lock:
        return _read()


def reread() -> None:
    """Read the settings anew when they are next asked for; whoever is reading them now finishes first."""
    with _lock:
        _read.cache_clear()
