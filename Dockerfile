# syntax=docker/dockerfile:1
# refreshd as a container: docker build -t refreshd .
# The build argument MAVEN_OPTIONS is for options of Maven itself, such as --settings or --offline.

FROM docker.io/library/maven:3.9-eclipse-temurin-25 AS build
ARG MAVEN_OPTIONS=""
WORKDIR /src
COPY .mvn/ .mvn/
COPY mvnw pom.xml ./
COPY src/main/ src/main/
RUN ./mvnw -B -ntp -q ${MAVEN_OPTIONS} -Dquick -Dmaven.test.skip=true package

# A runtime of what is used and no more; the training below fails if something is missing. jdk.crypto.ec, jdk.naming.dns,
# jdk.security.auth and jdk.security.jgss are found by name, and only by some connections: TLS, SRV records, Kerberos.
FROM docker.io/library/maven:3.9-eclipse-temurin-25 AS runtime
RUN "$JAVA_HOME/bin/jlink" --output /opt/runtime --no-header-files --no-man-pages --compress zip-0 \
    --add-modules java.base,java.compiler,java.desktop,java.logging,java.management,java.naming,java.net.http,java.rmi,java.scripting,java.security.jgss,java.security.sasl,java.sql,java.transaction.xa,java.xml,jdk.crypto.ec,jdk.jfr,jdk.management,jdk.naming.dns,jdk.net,jdk.security.auth,jdk.security.jgss,jdk.unsupported

# What is deployed. The runtime checks that its AOT cache fits by path, size and time of each JAR: no file may change after
# the training.
FROM docker.io/library/debian:bookworm-slim AS base
COPY --from=runtime /opt/runtime/ /opt/java/
COPY --from=build /src/target/refreshd/lib/ /opt/refreshd/lib/
COPY --chmod=0755 refreshd config/container/healthcheck /opt/refreshd/
RUN echo 'refreshd:x:65532:65532:refreshd:/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'refreshd:x:65532:' >> /etc/group
ENV JAVA_HOME=/opt/java PATH=/opt/refreshd:/opt/java/bin:/usr/local/bin:/usr/bin:/bin

# The daemon runs once, on an embedded PostgreSQL with the article's schema and with writes, so that the cache holds the
# classes of the whole path. The trainer needs a compiler and the embedded PostgreSQL: both stay in this stage.
FROM base AS training
COPY --from=build /opt/java/openjdk/ /opt/jdk/
COPY --from=build /src/target/refreshd/demo/ /opt/training/lib/
COPY config/container/TrainCache.java config/compose/app.sql /opt/training/
RUN mkdir -m 0777 /scratch
USER 65532:65532
WORKDIR /scratch
RUN /opt/jdk/bin/java -Xmx256m -cp "/opt/refreshd/lib/*:/opt/training/lib/*" /opt/training/TrainCache.java \
    /opt/refreshd/refreshd /opt/training/app.sql /scratch/refreshd.aot

FROM base
# Known to whoever publishes the image: the commit, where it comes from, and when it was built (RFC 3339).
ARG VERSION=0.1.0-SNAPSHOT
ARG REVISION=""
ARG SOURCE=""
ARG CREATED=""
LABEL org.opencontainers.image.title="refreshd" \
      org.opencontainers.image.description="Keeps PostgreSQL materialized views fresh, from the write-ahead log" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
COPY --from=training /scratch/refreshd.aot /opt/refreshd/refreshd.aot
# Not a terminal: one JSON object a line.
ENV REFRESHD_LOG_FORMAT=json
USER 65532:65532
EXPOSE 9464
# The loop turns. Whether views are fresh is readiness, and no reason to end the container: healthcheck /readyz.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["healthcheck", "/livez"]
# The script replaces itself by Java, which so becomes process 1 and gets SIGTERM itself.
ENTRYPOINT ["refreshd"]
CMD ["run", "--config", "/etc/refreshd/refreshd.yaml"]
