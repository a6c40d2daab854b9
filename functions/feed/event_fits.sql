-- Say whether an event passes the filters of a lease. An UPDATE passes where when the row fits
-- before or after, so that a row which leaves the filter is seen leaving. What changed in an
-- UPDATE is no longer known when erase_feed() has cut it: it passes.

create or replace function wedsync_realtime.event_fits(
    filter    jsonb,
    operation "char",
    event     text,
    changed   text[],
    new       jsonb,
    old       jsonb
)
    returns boolean
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select
            coalesce(
                event_fits.filter -> 'operations' ? case event_fits.operation
                    when 'I' then 'INSERT' when 'U' then 'UPDATE' else 'DELETE'
                end,
                true
            )
            and (
                not event_fits.filter ? 'events'
                or coalesce(event_fits.filter -> 'events' ? event_fits.event, false)
            )
            and (
                event_fits.operation <> 'U'
                or not event_fits.filter ? 'changed'
                or event_fits.changed is null
                or event_fits.changed && array(
                    select jsonb_array_elements_text(event_fits.filter -> 'changed')
                )
            )
            and (
                not event_fits.filter ? 'where'
                or wedsync_realtime.row_fits(event_fits.filter -> 'where', event_fits.new)
                or wedsync_realtime.row_fits(event_fits.filter -> 'where', event_fits.old)
            )
    );
end
$$;

comment on function wedsync_realtime.event_fits(jsonb, "char", text, text[], jsonb, jsonb) is
'Whether an event passes the filters of a subscription.';
revoke execute on function wedsync_realtime.event_fits(jsonb, "char", text, text[], jsonb, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.event_fits(jsonb, "char", text, text[], jsonb, jsonb)
to wedsync_realtime_owner;
