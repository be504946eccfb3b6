# The build context is the folder above.
FROM python:3.12-slim AS dependencies
ENV PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY after/worker-requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes --only-binary=:all: --no-compile --target /app -r /tmp/requirements.txt
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app

FROM python:3.12-slim
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1
COPY --from=dependencies /app/ /app/
COPY worker/worker.py /app/
# The import tries the image, and leaves bytecode of what it uses of the standard library: in service nothing can be written.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app/worker.py \
 && python3 -c "import worker"
USER 10001:10001
# fast-container: skip=FI015 the image's output health_check goes into the task definition
HEALTHCHECK CMD ["python3", "-c", "import os, time; assert time.time() - os.stat('/tmp/heartbeat').st_mtime < 30"]
CMD ["python3", "-m", "worker"]
