# What all functions share. In a program: BaseImage("fleet-deps", install="dependencies", …) writes it from what the
# packages declare; see docs/base-images.md. The build context is the folder above.
FROM public.ecr.aws/lambda/python:3.12 AS dependencies
ENV PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY after/requirements.txt /tmp/
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes --only-binary=:all: --no-compile --target /var/task -r /tmp/requirements.txt
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /var/task

FROM public.ecr.aws/lambda/python:3.12
COPY --from=dependencies /var/task/ /var/task/
# The import tries the image, and leaves bytecode of what it uses of the standard library: in service nothing can be written.
RUN PYTHONPATH=/var/runtime python3 -c "import awslambdaric.bootstrap, jinja2, pydantic, yaml"
