-- health(): use of the queue of NOTIFY, which all databases of the server share.

create or replace function wedsync_realtime.health_queue()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_settings wedsync_realtime.settings;
    v_queue double precision := pg_notification_queue_usage();
begin
    select s.* into v_settings from wedsync_realtime.settings as s;
    return query
    select
        'notify_queue',
        case
            when v_queue >= least(5 * v_settings.warn_queue, 1) then 'fail'
            when v_queue >= v_settings.warn_queue then 'warn'
            else 'ok'
        end,
        format('%s %% in use', round((v_queue * 100)::numeric, 4)),
        case
            when v_queue >= v_settings.warn_queue
                then 'A session that listens sits in an open transaction; when the queue is full '
                    'every write that notifies fails. End it, or set settings.notify_enabled off.'
            else ''
        end,
        case
            when v_queue >= v_settings.warn_queue
                then 'select * from wedsync_realtime.open_transactions() order by open_for desc'
            else ''
        end;
end
$$;

comment on function wedsync_realtime.health_queue() is 'health(): NOTIFY.';
revoke execute on function wedsync_realtime.health_queue()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_queue()
to wedsync_realtime_owner;
