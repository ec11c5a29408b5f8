# One image for both commands: `rondo up` (pages, API, embedded worker) and `rondo worker --queues generate,train`.
# Build with --build-arg EXTRAS=postgres for a web-only image without torch. Torch is the build that pip finds, and that
# brings CUDA: where no GPU is, name an index of CPU builds with --build-arg PIP_EXTRA_INDEX_URL=...
FROM python:3.11-slim
ARG EXTRAS=local,mcp,postgres
ARG PIP_EXTRA_INDEX_URL
# What runs programs that a model wrote (the container has to allow namespaces for it), and the first process.
RUN apt-get update && apt-get install --yes --no-install-recommends bubblewrap tini && rm -rf /var/lib/apt/lists/*
# A volume that is mounted here for the first time takes this folder's owner.
RUN useradd --create-home --uid 1000 rondo && install --directory --owner rondo --group rondo /data
WORKDIR /source
# What Rondo needs is a layer of its own: other code does not bring torch again.
COPY pyproject.toml constraints.txt ./
RUN pip install --no-cache-dir -c constraints.txt ".[${EXTRAS}]"
COPY README.md LICENSE ./
COPY app app
COPY backend backend
COPY migrations migrations
COPY static static
# Only the installed package stays: Python would find a second one in the folder that a job starts in.
RUN pip install --no-cache-dir --no-deps --force-reinstall . && rm -r /source/*
WORKDIR /home/rondo
USER rondo
ENV RONDO_DATA_DIR=/data RONDO_HOST=0.0.0.0 RONDO_PORT=7860 HF_HOME=/data/huggingface OMP_NUM_THREADS=1
VOLUME /data
EXPOSE 7860
# It passes signals on, also while Rondo only starts, and reaps what a killed job leaves behind.
ENTRYPOINT ["tini", "--"]
CMD ["rondo", "up"]
