-- Where an earlier catalogue was put to use, and events were numbered anew from there: a few among all events.
CREATE INDEX audit_events_of_new_lines ON audit_events (sequence) WHERE event IN ('box restored', 'catalogue rebuilt');
