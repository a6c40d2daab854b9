-- Erase users, and a couple where kind says so, and write the receipt; the body of erase_user and
-- erase_couple. What takes long comes first, and the leases are ended last, because nobody
-- subscribes or pings while they are locked. What their ending has put on record goes too.

create or replace function wedsync_realtime.erase(kind text, id uuid, users uuid[])
    returns table (item text, action text, rows bigint, reason text)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '2s'
as $$
declare
    v_started timestamptz := clock_timestamp();
    v_feed bigint := wedsync_realtime.erase_feed(case when kind = 'couple' then erase.id end);
    v_audit record;
    v_late record;
    v_rates bigint;
    v_quarters bigint;
    v_leases integer;
begin
    v_audit := wedsync_realtime.erase_audit(id, users, '-infinity');
    delete from wedsync_realtime.rate_limits as r where r.user_id = any (users);
    get diagnostics v_rates = row_count;
    delete from wedsync_realtime.topic_quarters as q
    where kind = 'couple' and q.tenant_id = erase.id;
    get diagnostics v_quarters = row_count;
    lock table public.realtime_subscriptions in exclusive mode;
    v_leases := wedsync_realtime.end_leases(
        array(
            select s.id
            from public.realtime_subscriptions as s
            inner join wedsync_realtime.topics as t on t.id = s.topic_id
            where s.user_id = any (users) or kind = 'couple' and t.tenant_id = erase.id
        ),
        'revoked', 'erased'
    );
    v_late := wedsync_realtime.erase_audit(id, users, v_started);
    delete from wedsync_realtime.tenants as t
    where kind = 'couple' and t.tenant_id = erase.id and t.subscriptions = 0;
    return query
    select * from wedsync_realtime.erase_receipt(
        kind, v_leases, v_audit.deleted, v_audit.redacted + v_late.redacted, v_feed, v_rates,
        v_quarters
    );
    perform wedsync_realtime.log_activity(
        null, null, 'erased',
        jsonb_build_object(
            'by', session_user, 'kind', kind, 'id', id, 'subscriptions', v_leases,
            'auditDeleted', v_audit.deleted, 'auditRedacted', v_audit.redacted + v_late.redacted,
            'events', v_feed
        )
    );
end
$$;

comment on function wedsync_realtime.erase(text, uuid, uuid[]) is
'Erase users, and a couple, from audit and feed; returns the receipt.';
revoke execute on function wedsync_realtime.erase(text, uuid, uuid[])
from public, anon, authenticated, service_role;
