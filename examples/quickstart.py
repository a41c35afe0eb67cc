"""The main job on this machine: pairs and a base model in a bucket, an aligned model out of it.

    python examples/quickstart.py                       a tiny model, made here
    python examples/quickstart.py --model hf://NAME@REV a model of the Hugging Face hub
    python examples/quickstart.py --model FOLDER        a model of this machine

Nothing is downloaded but that model. The bucket is an S3 server of this process (moto, in
memory); its content is kept in quickstart/bucket, so that a second run goes on where the first
one stopped.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from tiny_model import make_tiny_model
from transformers.utils.logging import disable_progress_bar

BUCKET = "preference"
EXAMPLES = Path(__file__).parent
KEPT = EXAMPLES.parent / "quickstart"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "quickstart",
    "AWS_SECRET_ACCESS_KEY": "quickstart",
    "NO_PROXY": "127.0.0.1",
}


def main() -> int:
    options = _options()
    os.environ.update(ENVIRONMENT)
    disable_progress_bar()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    try:
        _fill(client, options.model)
        code = _run(f"http://{host}:{port}", options.model, options.arguments)
    finally:
        _keep(client)
        server.stop()
    return code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="train this model, with adapters, in place of a tiny one")
    options, options.arguments = parser.parse_known_args()
    return options


def _fill(client: Any, model: str | None) -> None:
    """Put into the bucket what a team would have there: pairs, a base model, earlier runs."""
    for path in sorted((KEPT / "bucket").rglob("*")):
        if path.is_file():
            client.upload_file(str(path), BUCKET, str(path.relative_to(KEPT / "bucket")))
    pairs = EXAMPLES / "data/hh-rlhf-harmless.jsonl.gz"
    client.upload_file(str(pairs), BUCKET, f"pairs/{pairs.name}")
    if model is None:
        with tempfile.TemporaryDirectory() as folder:
            make_tiny_model(pairs, Path(folder))
            for path in sorted(Path(folder).iterdir()):
                client.upload_file(str(path), BUCKET, f"base/{path.name}")


def _run(endpoint: str, model: str | None, arguments: list[str]) -> int:
    """The same command that anybody would give; what follows only names this machine's server."""
    manifest = "quickstart.yaml" if model is None else "quickstart-model.yaml"
    chosen = [] if model is None else ["--set", f"model.uri={model}"]
    command = [sys.executable, "-m", "preference_cli", "run", str(EXAMPLES / manifest)]
    settings = ["--set", f"storage.endpoint={endpoint}", "--set", "storage.region=us-east-1"]
    return subprocess.run([*command, *settings, *chosen, *arguments], check=False).returncode


def _keep(client: Any) -> None:
    """Copy the bucket's output to a folder, where people can look at it."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="output/")
    for item in [item for page in pages for item in page.get("Contents", [])]:
        path = KEPT / "bucket" / item["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(BUCKET, item["Key"], str(path))
    for report in sorted((KEPT / "bucket").rglob("report.html")):
        print(f"  here    {report}")


if __name__ == "__main__":
    sys.exit(main())
