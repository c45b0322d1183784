# syntax=docker/dockerfile:1
# Two stages: a toolchain that builds, and an image with nothing but the binary (no shell, no package manager, not root).
ARG RUST_VERSION=1.95

FROM rust:${RUST_VERSION}-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches live outside the layer, so the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin gangway \
    && cp target/release/gangway /gangway

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
