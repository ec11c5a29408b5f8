"""What is set of an OpenAI-compatible server: where it is, what it takes, what it can, and what it costs."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from backend.engines import Ability, Engine, _extra
from backend.engines._access import DEFAULT_KEY, address
from backend.engines._asking import FORMS

Price = Annotated[float | None, Field(ge=0, le=1e6, allow_inf_nan=False)]


class OpenAIFields(Engine, abstract=True):
    """The fields, and the abilities that follow from them."""

    incidental: ClassVar[tuple[str, ...]] = (
        "api_key_env",
        "concurrency",
        "timeout",
        "max_retries",
        "retry_seconds",
        "prompt_logprobs",
        "top_logprobs",
        "logprobs",
        "seeds",
        "context",
        "price_in",
        "price_out",
    )

    base_url: str = Field(description="address up to and including /v1, e.g. http://127.0.0.1:8000/v1")
    model: str = Field(description="the model's name on the server")
    api_key_env: str = Field(
        DEFAULT_KEY, pattern=r"^RONDO_[A-Z0-9_]*API_KEY$", description="environment variable that holds the key, if any"
    )
    concurrency: int = Field(16, ge=1, le=1024, description="requests in flight at once")
    timeout: float = Field(120.0, gt=0, description="seconds to wait for one reply")
    max_retries: int = Field(5, ge=0, description="further tries after 429, 5xx, time-outs and broken replies")
    retry_seconds: float = Field(0.5, gt=0, description="wait before the first retry; doubles up to 30 seconds")
    supports_n: bool = Field(True, description="ask for all samples of a prompt in one request")
    logprobs: bool = Field(True, description="ask for log-probabilities")
    send_defaults: bool = Field(
        False,
        description="send temperature and top_p also where they are 1, for servers with defaults of their own "
        "(vLLM takes those of the model, unless it was started with --generation-config vllm)",
    )

    prompt_logprobs: bool = Field(
        False, description="the server gives the log-probabilities of prompts, as vLLM does, so it can read texts"
    )
    top_logprobs: bool = Field(
        False, description="the server gives the likeliest first tokens of a reply, so it can weigh words"
    )
    seeds: bool = Field(True, description="the same request with the same seed gets the same reply")
    forced: Literal["", "structured_outputs", "guided", "response_format"] = Field(
        "", description="how the server is asked to hold replies to a form; empty: it cannot"
    )
    context: int | None = Field(None, ge=1, description="tokens of prompt and reply together, as the server says")
    extra: dict[str, Any] = Field(
        {}, description="further fields of each request, as JSON; never a key, and none that Rondo sends itself"
    )
    price_in: Price = Field(None, description="price of a million tokens that the model reads")
    price_out: Price = Field(None, description="price of a million tokens that it writes")

    @field_validator("extra")
    @classmethod
    def _may_be_sent(cls, value: dict[str, Any]) -> dict[str, Any]:
        return _extra.checked(value)

    @field_validator("base_url")
    @classmethod
    def _is_a_plain_address(cls, value: str) -> str:
        return address(value)

    @property
    def abilities(self) -> frozenset[Ability]:
        reads = {Ability.read} if self.prompt_logprobs else set()
        return frozenset({Ability.complete} | reads | ({Ability.weigh} if self.top_logprobs else set()))

    @property
    def forms(self) -> frozenset[str]:
        return FORMS[self.forced]

    @property
    def context_length(self) -> int | None:
        return self.context

    @property
    def window(self) -> int:
        return self.concurrency
