-- Whoever made an invitation has seen its code: it ends when they leave. NULL: made at the machine.
ALTER TABLE invitations ADD COLUMN made_by INTEGER REFERENCES accounts;

-- Of those that are open, the trail says who made them: of one person one is open, the last that was made.
UPDATE invitations SET made_by = (
  SELECT CASE actor_kind WHEN 'account' THEN actor_key END FROM audit_events
  WHERE event = 'invitation made' AND subject_kind = 'account' AND subject_key = invitations.account_key
  ORDER BY sequence DESC LIMIT 1
) WHERE ended_at IS NULL;
