"""`./wattprint up`: the whole site on this machine, until Ctrl-C."""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path
from types import FrameType

from config.launch import certificate
from config.launch.folder import DataFolder
from config.launch.reach import remarks
from config.launch.site import ROOT, Site
from config.launch.supervisor import say
from config.launch.trouble import Stopped, Trouble


def port_number(text: str) -> int:
    """A port that a program may listen on."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def print_owner_link(folder: DataFolder) -> int:
    """Print the address that signs this machine's owner in, at the site that runs already."""
    try:
        print(folder.another_owner_link(), flush=True)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    say("It signs this machine's owner in, once and within an hour. The link before it is void.")
    return 0


def main() -> int:
    """Bring the site up, print its address, look after it, take it down."""
    parser = argparse.ArgumentParser(prog="wattprint up", description="Start Wattprint on this machine.")
    parser.add_argument("--port", type=port_number, default=8000, help="where the site listens (default 8000)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--data", type=Path, default=ROOT / "var", help="folder that keeps everything (default var/)")
    parser.add_argument(
        "--broker-port",
        type=port_number,
        help="with --host: where workers on other machines reach their queues (default: the port after --port)",
    )
    parser.add_argument(
        "--certificate",
        type=Path,
        metavar="FILE",
        help="with --key: pages and API by HTTPS, and queues of workers on other machines by TLS; a certificate in "
        "PEM form, its chain after it. Read once: after a renewal, start again",
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="the key of --certificate, in PEM form, unlocked")
    parser.add_argument(
        "--owner-link",
        action="store_true",
        help="start nothing: print a new link that signs this machine's owner in at the site that runs on --data",
    )
    options = parser.parse_args()
    if (options.certificate is None) != (options.key is None):
        parser.error("--certificate and --key go together")
    os.umask(0o077)
    if options.owner_link:
        return print_owner_link(DataFolder(options.data.absolute()))
    try:
        given = certificate.read(options.certificate.absolute(), options.key.absolute()) if options.key else None
    except Trouble as trouble:
        say(str(trouble))
        return 1
    site = Site(
        data=options.data.absolute(),
        host=options.host,
        port=options.port,
        given=os.environ,
        broker_port=options.broker_port,
        certificate=given,
    )

    def asked_to_stop(number: int, frame: FrameType | None) -> None:
        site.ask_to_stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, asked_to_stop)
    code = 0
    try:
        site.start()
        for remark in remarks(host=site.host, name=site.name, opening=site.opening, certificate=given):
            say(remark)
        print(site.url, flush=True)
        if link := site.owner_link():
            say(f"Sign in as this machine's owner, once and within an hour: {link}")
            data = "" if options.data == ROOT / "var" else f" --data {shlex.quote(str(options.data))}"
            say(f"Another such link, while this runs: ./wattprint up --owner-link{data}")
        elif os.environ.get("SIGN_UP", "1") != "0":
            say(f"Others can reach it, so no link signs anybody in: sign up at {site.url}account/signup/")
        else:
            say("Only the operator makes accounts: .venv/bin/python manage.py createsuperuser")
        say("Ctrl-C stops it.")
        site.watch()
    except Stopped:
        pass
    except Trouble as trouble:
        say(f"\n{trouble}" if site.supervisor else str(trouble))
        code = 1
    finally:
        if site.supervisor is not None:
            say("\nStopping ...")
        site.stop()
    if not code and site.stopping:
        say("Stopped; everything is kept in " + str(site.folder.path))
    return code


if __name__ == "__main__":
    sys.exit(main())
