# syntax=docker/dockerfile:1
# Two stages: a toolchain that builds, and an image with nothing but the binary (no shell, no package manager, not root).
# The binary is stripped. Its line tables stay in the stage `line-tables`, see docs/guides/backtraces.md.
ARG RUST_VERSION=1.95

FROM rust:${RUST_VERSION}-slim-bookworm AS build
# A production build has no played providers, demo or mail server; `--build-arg CARGO_FLAGS=` puts them in.
ARG CARGO_FLAGS=--no-default-features
WORKDIR /src
COPY . .
# The caches live outside the layer, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin gangway ${CARGO_FLAGS} \
    && cp target/release/gangway /gangway
RUN objcopy --only-keep-debug --compress-debug-sections=zlib /gangway /gangway.debug \
    && objcopy --strip-all --add-gnu-debuglink=/gangway.debug /gangway

# docker build --target line-tables --output . .
FROM scratch AS line-tables
COPY --from=build /gangway.debug /

# With certificate authorities and the C library; runs as user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /gangway /usr/local/bin/gangway
WORKDIR /srv/gangway
# Inside a container, loopback is reached by nobody.
ENV GANGWAY_LISTEN=0.0.0.0:8080
EXPOSE 8080
# Ask /healthz and /readyz from outside: an image without a shell has nothing to ask itself with.
ENTRYPOINT ["/usr/local/bin/gangway"]
CMD ["serve"]
