# The scheduler by default, every other command by name:
#   docker build -t savctl . && docker run --rm savctl ticket list
# Nothing is written outside /var/lib/savctl and /tmp: run it with --read-only --tmpfs /tmp.

FROM mysql:8.4 AS mysql
# The server image has no mysqlbinlog; the client package of the same repository has.
# hadolint ignore=DL3041
RUN sed -i 's#/docker/el/#/el/#' /etc/yum.repos.d/mysql-community-minimal.repo \
 && rpm --erase --nodeps mysql-community-server-minimal \
 && microdnf install --assumeyes "mysql-community-client-$MYSQL_VERSION" \
 && microdnf clean all

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements/ requirements/
# Two environments: what runs, and what builds it. Only the first is shipped, without pip.
RUN python -m venv /opt/build \
 && python -m venv --without-pip /opt/savctl \
 && /opt/build/bin/pip install --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/savctl/bin/python install \
        --require-hashes --no-compile -r requirements/runtime.txt
COPY pyproject.toml hatch_build.py README.md LICENSE CHANGELOG.md crontab.example ./
COPY savctl/ savctl/
COPY jobs/ jobs/
COPY migrations/ migrations/
COPY docs/ docs/
COPY deploy/ deploy/
ARG REVISION=
RUN SAVCTL_COMMIT="$REVISION" \
    /opt/build/bin/python -m hatchling build --target wheel --directory /tmp/wheel \
 && /opt/build/bin/pip --python /opt/savctl/bin/python install \
        --no-index --no-deps --no-compile /tmp/wheel/*.whl \
 && /opt/savctl/bin/python -m compileall -q --invalidation-mode unchecked-hash \
        /opt/savctl/lib

FROM python:3.11-slim-bookworm
# The dump clients of both servers: MariaDB's from Debian, MySQL's own from Oracle, because
# MariaDB's reads no binary logs of MySQL. Each goes by its own name: mariadb-dump and
# mariadb-binlog, mysqldump and mysqlbinlog.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends mariadb-client zstd \
 && rm -rf /var/lib/apt/lists/* \
 && pip uninstall --yes --root-user-action=ignore setuptools wheel pip \
 && rm -rf /usr/local/lib/python3.11/ensurepip /root/.cache \
 && groupadd --gid 10001 savctl \
 && useradd --uid 10001 --gid savctl --no-log-init --shell /usr/sbin/nologin \
        --create-home --home-dir /var/lib/savctl savctl
COPY --from=mysql /usr/bin/mysql /usr/bin/mysqldump /usr/bin/mysqlbinlog /opt/mysql/bin/
COPY --from=build /opt/savctl /opt/savctl
RUN /opt/mysql/bin/mysqldump --version && /opt/mysql/bin/mysqlbinlog --version
ENV PATH=/opt/savctl/bin:/opt/mysql/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_DATA_HOME=/var/lib
# The folder for files and an embedded database is /var/lib/savctl. It is not SAVCTL_HOME: that
# would say that the embedded database is meant, and a scheduler that lost its DB_* must refuse.
USER 10001:10001
WORKDIR /var/lib/savctl
VOLUME /var/lib/savctl
EXPOSE 9464
STOPSIGNAL SIGTERM
# Alive, not well: a broker that is down is a matter for monitoring (savctl doctor).
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s --retries=3 \
    CMD ["savctl", "db", "ping", "--quiet"]
ENTRYPOINT ["savctl"]
CMD ["scheduler", "run"]
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="savctl" \
      org.opencontainers.image.description="Operations for the SAV support service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
