# As teams write it first. The build context is the folder above.
FROM python:3.12
WORKDIR /app
COPY . .
RUN pip install -r before/worker-requirements.txt
CMD ["python3", "worker/worker.py"]
