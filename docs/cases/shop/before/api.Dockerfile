# As teams write it first. The build context is the folder above.
FROM python:3.12
WORKDIR /app
COPY . .
RUN pip install -r before/api-requirements.txt
WORKDIR /app/api
EXPOSE 8080
CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8080"]
