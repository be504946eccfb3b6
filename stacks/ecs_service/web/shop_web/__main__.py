"""Serves on port 8080 until it is told to end (SIGTERM), and then answers what it has begun to answer."""

import uvicorn

from shop_web.app import app

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8080, access_log=False, server_header=False, timeout_graceful_shutdown=20)
