# As teams write it first. The build context is the folder above.
FROM python:3.12
WORKDIR /app
COPY . .
RUN pip install -r before/site-requirements.txt
RUN python3 site/render.py /srv
WORKDIR /srv
EXPOSE 8080
CMD ["python3", "-m", "http.server", "8080"]
