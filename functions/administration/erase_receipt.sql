-- Word the receipt of an erasure: what went, and what must stay and why.

create or replace function wedsync_realtime.erase_receipt(
    kind     text,
    leases   bigint,
    deleted  bigint,
    redacted bigint,
    events   bigint,
    rates    bigint,
    quarters bigint
)
    returns table (item text, action text, rows bigint, reason text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select r.item, r.action, r.rows, r.reason
    from (values
        (true, 'subscriptions', 'ended', leases, 'those of its users, and to its topics'),
        (true, 'audit: own rows', 'deleted', deleted, 'what its users did and were refused'),
        (
            true, 'audit: rows that name it', 'redacted', redacted,
            'what others did stays on record; zeros stand for the id'
        ),
        (true, 'rates', 'deleted', rates, ''),
        (
            kind = 'couple', 'feed: content', 'redacted', events,
            'cut to keys, so that no client misses that something changed'
        ),
        (kind = 'couple', 'traffic by topic', 'deleted', quarters, ''),
        (
            kind = 'couple', 'feed: keys and topics', 'kept', events,
            'ids without content; they go with their day, the last by ' || (
                select (current_date + 2 + s.feed_retention)::date
                from wedsync_realtime.settings as s
            )
        ),
        (
            kind = 'user', 'feed', 'kept', 0,
            'it holds rows of suppliers and couples, and says of none who wrote it'
        ),
        (true, 'record of this erasure', 'kept', 1, 'that it was done must be provable'),
        (
            true, 'the application''s own tables', 'kept', null,
            'they are not this package''s; erase there first, or what changes is recorded anew'
        ),
        (
            true, 'backups, WAL and server logs', 'kept', null,
            'out of reach from here; they go with their own retention'
        )
    ) as r (is_due, item, action, rows, reason)
    where r.is_due;
end
$$;

comment on function wedsync_realtime.erase_receipt(
    text, bigint, bigint, bigint, bigint, bigint, bigint
) is
'Receipt of an erasure.';
revoke execute on function wedsync_realtime.erase_receipt(
    text, bigint, bigint, bigint, bigint, bigint, bigint
)
from public, anon, authenticated, service_role;
