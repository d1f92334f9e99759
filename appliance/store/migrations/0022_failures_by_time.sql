-- Each attempt asks what failed within the last hour, and forgets what is older.
CREATE INDEX login_failures_by_time ON login_failures (failed_at);
