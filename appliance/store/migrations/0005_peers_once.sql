-- A device is let in once: by its title (case does not count), its address and its certificate. Of those that were let in
-- several times the first stays, with every name that any of them called the box by.
UPDATE peers SET called_ae_titles = (
  SELECT json_group_array(DISTINCT title.value) FROM peers AS same, json_each(same.called_ae_titles) AS title
  WHERE same.removed_at IS NULL AND lower(same.calling_ae_title) = lower(peers.calling_ae_title)
    AND same.address IS peers.address AND same.certificate_sha256 IS peers.certificate_sha256)
WHERE removed_at IS NULL AND EXISTS (
  SELECT 1 FROM peers AS same
  WHERE same.peer_key <> peers.peer_key AND same.removed_at IS NULL
    AND lower(same.calling_ae_title) = lower(peers.calling_ae_title)
    AND same.address IS peers.address AND same.certificate_sha256 IS peers.certificate_sha256);
UPDATE peers SET removed_at = approved_at
WHERE removed_at IS NULL AND EXISTS (
  SELECT 1 FROM peers AS same
  WHERE same.peer_key < peers.peer_key AND same.removed_at IS NULL
    AND lower(same.calling_ae_title) = lower(peers.calling_ae_title)
    AND same.address IS peers.address AND same.certificate_sha256 IS peers.certificate_sha256);
CREATE UNIQUE INDEX peers_once
  ON peers (lower(calling_ae_title), coalesce(address, ''), coalesce(certificate_sha256, x'')) WHERE removed_at IS NULL;
