FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p firma -p firma-migrate

FROM debian:bookworm-slim
RUN useradd --user-group --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin firma \
 && install -d -o firma -g firma -m 0700 /data
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/target/release/firma /src/target/release/firma-migrate /usr/local/bin/

# By number, so that an orchestrator can see that it isn't root.
USER 10001:10001
ENV FIRMA_DATA_DIR=/data FIRMA_BIND=0.0.0.0:8080
WORKDIR /data
VOLUME /data
EXPOSE 8080

# The image has no curl; bash can speak this much HTTP.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["bash", "-c", \
  "exec 3<>\"/dev/tcp/127.0.0.1/${FIRMA_BIND##*:}\" && printf 'GET /health/ready HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]

ENTRYPOINT ["firma"]
CMD ["serve"]
