# The build context is the folder above. Neither Python nor a template is left in the image.
FROM python:3.12-slim AS site
ENV PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY after/site-requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes --only-binary=:all: -r /tmp/requirements.txt
COPY site/render.py /src/
RUN python3 /src/render.py /srv

FROM busybox:1
COPY --from=site /srv/ /srv/
USER 10001:10001
EXPOSE 8080
# fast-container: skip=FI015 the image's output health_check goes into the task definition
HEALTHCHECK CMD ["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"]
CMD ["httpd", "-f", "-p", "8080", "-h", "/srv"]
