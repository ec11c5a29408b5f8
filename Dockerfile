# One image for both commands: `rondo up` (pages, API, embedded worker) and `rondo worker --queues generate,train`.
# Build with --build-arg EXTRAS=postgres for a web-only image without torch.
FROM python:3.11-slim
ARG EXTRAS=local,postgres
WORKDIR /rondo
COPY pyproject.toml constraints.txt README.md ./
COPY app app
COPY backend backend
COPY migrations migrations
COPY static static
RUN pip install --no-cache-dir -c constraints.txt ".[${EXTRAS}]" \
 && useradd --create-home rondo && mkdir /data && chown rondo /data
USER rondo
ENV RONDO_DATA_DIR=/data RONDO_HOST=0.0.0.0 OMP_NUM_THREADS=1
VOLUME /data
EXPOSE 7860
CMD ["rondo", "up"]
