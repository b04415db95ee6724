# The scheduler by default, every other command by name:
#   docker build -t savctl . && docker run --rm savctl ticket list

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/ requirements/
# Two environments: what runs, and what builds it. Only the first is shipped, without pip.
RUN python -m venv /opt/build \
 && python -m venv --without-pip /opt/savctl \
 && /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/savctl/bin/python install \
        --require-hashes --no-compile -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY savctl/ savctl/
COPY jobs/ jobs/
COPY migrations/ migrations/
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /tmp/wheel \
 && /opt/build/bin/pip --python /opt/savctl/bin/python install \
        --no-index --no-deps --no-compile /tmp/wheel/*.whl \
 && /opt/savctl/bin/python -m compileall -q --invalidation-mode unchecked-hash \
        /opt/savctl/lib

FROM python:3.11-slim
RUN groupadd --gid 10001 savctl \
 && useradd --uid 10001 --gid savctl --shell /usr/sbin/nologin \
        --create-home --home-dir /var/lib/savctl savctl
COPY --from=build /opt/savctl /opt/savctl
ENV PATH=/opt/savctl/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_DATA_HOME=/var/lib
# The folder for files and an embedded database is /var/lib/savctl. It is not SAVCTL_HOME: that
# would say that the embedded database is meant, and a scheduler that lost its DB_* must refuse.
USER 10001:10001
WORKDIR /var/lib/savctl
VOLUME /var/lib/savctl
STOPSIGNAL SIGTERM
# Alive, not well: a broker that is down is a matter for monitoring (savctl doctor).
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s --retries=3 \
    CMD ["savctl", "db", "ping", "--quiet"]
ENTRYPOINT ["savctl"]
CMD ["scheduler", "run"]
