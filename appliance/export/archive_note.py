"""The note in an exported archive: what is what, for somebody who has never seen Enamel."""

NOTE_TEXT = """THE WHOLE ARCHIVE OF A DENTAL CLINIC, EXPORTED BY ENAMEL

Everything here is in clear: names, birth dates, images. Keep it as you keep patients' files, on an encrypted disk.

enamel-export.json    Which box, which release, when it was begun, how far it got. "state" is "whole" once all is there;
                      until then run the same command with this folder again.
SHA256SUMS            The checksum of every file. To check all of them:  sha256sum --check --quiet SHA256SUMS

patients/P/S/         One folder a study. P is "patient_key", S the Study Instance UID. In it:
  E/I.dcm             A DICOM file (PS3.10). E is "series_key", I is "instance_key". Its data set is, byte for byte,
                      what the scanner sent. Any DICOM program opens it.
  E/I.version2.dcm    Other bytes that came later under the same SOP Instance UID.
  SHA256SUMS          The checksums of this study's files.
  not-exported.jsonl  Only where something is missing: which file, and whether it is damaged, was erased meanwhile, or
                        could not be read from the box's disk.
quarantine/Q.dcm      What came and could not be listed as a study. Q is "quarantine_key".

catalogue/            What the box knew, as JSON lines: one object a line, UTF-8. Times are microseconds since
                      1970-01-01 UTC. Dates and times of studies are as DICOM writes them. Ids and digests are in
                      hexadecimal.
  box                 The box itself.
  patients, studies, series
                      As sent. "patient_key", "study_key" and "series_key" join them; a patient's number alone
                      never does.
  instances           Every stored version: its folder and name here, its UIDs, its coding, its length, the SHA-256 of
                      its data set, and where in the file that data set begins.
  quarantined-files   The same for the quarantine's files; "quarantine" says why each is there.
  identity_conflicts  Where two patients may be one, or one two, and what a person decided.
  damaged_files       Files that were found damaged on the box.
  associations, arrivals
                      Which device sent what, and when. "peers" are the devices.
  accounts            Who had an account: names and roles, no secret.
  audit_events        Who did what. Each line's "chain" is an HMAC over it and the line before; the box's audit key,
                      which is not here, proves it.
  retention_rules, legal_holds, erasures, exports
                      What the clinic set, what was erased (without names) and what was handed out.

Not here: passwords, keys, sessions, and whatever the box makes anew by itself.
"""
