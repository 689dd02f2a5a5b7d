"""The statements of the hand-off: each step is one, for each is taken thousands of times.

``status <> 'ACKED'`` is said wherever it holds: the indexes of what is open are on these words.
"""

# Cases and packages are locked together and nobody waits: what is busy now is served next time.
# What is open comes in the order of its index; the number of delivered packages is of no account.
# OFFSET 0 keeps the question one per row: where much was delivered, the planner takes what is open
# for little, and would join and sort all of it for fifty.
LEASE = """
WITH ready AS (
  SELECT p.id, p.kind, c.id AS case_id, c.case_no
  FROM handoff_packages p JOIN cases c ON c.id = p.case_id
  WHERE p.agency_uscc = $1 AND (cardinality($2::text[]) = 0 OR p.item_code = ANY($2))
    AND p.status <> 'ACKED'
    AND (p.status = 'READY' OR (p.status = 'LEASED' AND p.leased_until <= $3))
    AND NOT EXISTS (SELECT 1 FROM handoff_packages e
      WHERE e.case_id = p.case_id AND e.seq < p.seq AND e.status <> 'ACKED'
        AND e.kind <> 'ENDED' OFFSET 0)
  ORDER BY p.id LIMIT $4
  FOR UPDATE OF c, p SKIP LOCKED
), marked AS (
  UPDATE cases SET handoff_status = 'LEASED' FROM ready
  WHERE cases.id = ready.case_id AND ready.kind = 'ACCEPTED' AND cases.handoff_status <> 'ACKED'
), taken AS (
  UPDATE handoff_packages p
  SET status = 'LEASED', lease_digest = $5, leased_by = $6, leased_until = $7,
    lease_began_at = $3, leases = p.leases + 1
  FROM ready WHERE p.id = ready.id
  RETURNING p.id, p.seq, p.kind, p.digest, p.signature, p.leases, p.sealed, ready.case_no
), noted AS (
  INSERT INTO handoff_log (id, package_id, at, act, by, until)
  SELECT ($8::uuid[])[row_number() OVER (ORDER BY id)], id, $3, 'LEASED', $6, $7 FROM taken
)
SELECT * FROM taken"""

HOLD = """
SELECT c.id AS case_id, p.kind, p.status, p.digest, p.receipt_digest, p.lease_digest, p.leased_by,
  p.leased_until, p.lease_began_at, p.acked_at
FROM cases c JOIN handoff_packages p ON p.case_id = c.id
WHERE p.id = $1 AND p.agency_uscc = $2 AND (cardinality($3::text[]) = 0 OR p.item_code = ANY($3))
FOR UPDATE OF c, p"""

# Returns the clock of the hand-over if it ran, so that one that was late is told of.
ACKNOWLEDGE = """
WITH acked AS (
  UPDATE handoff_packages SET status = 'ACKED', acked_at = $4, acked_by = $5 WHERE id = $1
), told AS (
  UPDATE cases SET handoff_status = 'ACKED' WHERE id = $2 AND $3
), noted AS (
  INSERT INTO handoff_log (id, package_id, at, act, by) VALUES ($6, $1, $4, 'ACKED', $5)
)
UPDATE clock_instances SET stopped_at = $4, next_at = NULL
WHERE case_id = $2 AND $3 AND name = 'PAPER_HANDOVER' AND stopped_at IS NULL
RETURNING id, due_at"""

EXTEND = """
UPDATE handoff_packages SET leased_until = $2, lease_began_at = $3 WHERE id = $1"""

# A case whose first package had arrived before stays handed over.
RETURN = """
WITH told AS (
  UPDATE cases SET handoff_status = 'READY' WHERE id = $2 AND handoff_status = 'LEASED'
    AND EXISTS (SELECT FROM handoff_packages WHERE id = $1 AND kind = 'ACCEPTED')
)
UPDATE handoff_packages SET status = 'READY', leased_until = NULL, lease_digest = NULL,
  returns = returns + 1, return_code = $3, return_text = $4
WHERE id = $1"""
