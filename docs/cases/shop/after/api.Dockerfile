# The build context is the folder above.
FROM python:3.12-slim AS dependencies
ENV PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY after/api-requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes --only-binary=:all: --no-compile --target /app -r /tmp/requirements.txt
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app

FROM python:3.12-slim
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1
COPY --from=dependencies /app/ /app/
COPY api/app.py /app/
# The import tries the image, and leaves bytecode of what it uses of the standard library: in service nothing can be written.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app/app.py \
 && python3 -c "import uvicorn.main, uvicorn.loops.auto, uvicorn.protocols.http.auto, uvicorn.lifespan.on, app"
USER 10001:10001
EXPOSE 8080
# fast-container: skip=FI015 the image's output health_check goes into the task definition
HEALTHCHECK CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health')"]
CMD ["python3", "-m", "uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8080"]
