"""The receiver without the rest of the box: python -m benchmarks.receiver_alone FOLDER ADDRESS PORT."""

import signal
import sys
import threading
from pathlib import Path

from appliance.clock import SystemClock
from appliance.config import ReceiverSettings
from appliance.dicom_scp.receiver.service import Places, Surroundings, serve
from appliance.identifiers import BoxId
from appliance.inbox.admission import PeerEntry, encode_admission
from appliance.inbox.public_key import InboxPublicKey
from appliance.keys.inbox_seal import new_inbox_key_pair
from appliance.store.files import RealFiles


def main() -> None:
    """Serve until SIGTERM with a key nobody keeps, admitting DCMTK's storescu."""
    folder, address, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    places = Places(folder / "inbox", folder / "key.json", folder / "admission.json", folder / "spool", folder / "tls")
    places.inbox.mkdir(parents=True)
    places.inbox_key.write_bytes(InboxPublicKey(BoxId.new(), 1, new_inbox_key_pair().public_key).encode())
    peers = [PeerEntry("bench", ("STORESCU", "ENAMEL", "BENCH"))]
    places.admission.write_bytes(encode_admission(peers))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = ReceiverSettings(listen=address, port=port, tls_port=0, ae_title="BENCH")
    serve(settings, places, Surroundings(SystemClock(), RealFiles()), {}, stop)


if __name__ == "__main__":
    main()
