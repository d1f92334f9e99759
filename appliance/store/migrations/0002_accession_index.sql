-- A workstation that knows the accession number asks for nothing else.
CREATE INDEX studies_by_accession_number ON studies (accession_number, study_key);
