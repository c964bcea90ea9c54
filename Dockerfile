# One image for the exchange and its agents; docs/containers.md tells how to use it.
#
#   docker build -t orderbook:local .
#   docker build -t orderbook:local --build-arg BASE_IMAGE=python:3.14-slim-bookworm .

ARG BASE_IMAGE=python:3.13-slim-bookworm

# Where there is a compiler: the wheel, and an environment without pip that has it installed.
FROM ${BASE_IMAGE} AS build
ARG BUILD_PACKAGES="gcc libc6-dev"
RUN apt-get update \
    && apt-get install -y --no-install-recommends ${BUILD_PACKAGES} \
    && rm -rf /var/lib/apt/lists/*

# pip reads these: for who has an index or a folder of wheels of their own.
ARG PIP_INDEX_URL
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

WORKDIR /src
COPY constraints.txt ./
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install -q -c constraints.txt setuptools cython \
    && python3 -m venv --without-pip /opt/obctl
COPY . ./
RUN /opt/build/bin/pip wheel -q --no-build-isolation --no-deps --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/obctl/bin/python3 install -q -c constraints.txt "$(ls /wheels/*.whl)[server]"

# What runs: no compiler, no pip of ours, no root.
FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="orderbook" \
      org.opencontainers.image.description="A limit order book exchange, its agents and tools: obctl" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 orderbook \
    && useradd --uid 10001 --gid orderbook --no-create-home --home-dir /var/lib/orderbook --shell /usr/sbin/nologin orderbook \
    && install -d -o orderbook -g orderbook -m 0750 /var/lib/orderbook
COPY --from=build /opt/obctl /opt/obctl
ENV PATH=/opt/obctl/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/orderbook
EXPOSE 9000 50051 8080 9100
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["obctl", "health"]
ENTRYPOINT ["obctl"]
CMD ["--help"]
