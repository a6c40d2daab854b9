-- 0016 page size: what a poll must know to keep its answer in bounds.
-- Undo: alter type wedsync_realtime.lease drop attribute event_bytes (nothing is lost).

alter type wedsync_realtime.lease add attribute event_bytes integer;
