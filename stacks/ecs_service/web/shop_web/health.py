"""ECS's health check: ends with an error unless the service of this container answers."""

import urllib.request

if __name__ == "__main__":
    urllib.request.urlopen("http://127.0.0.1:8080/health", timeout=3).close()
