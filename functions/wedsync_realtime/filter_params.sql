-- Put checked filters into the form in which a lease keeps them: the tenant's key, the words,
-- and the conditions with the kind of comparison and the value as the column's type writes it.

create or replace function wedsync_realtime.filter_params(
    channel wedsync_realtime.channels,
    filters jsonb
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select
            (filters - array['supplier_id', 'couple_id', 'wedding_id', 'where'])
            || jsonb_build_object(channel.filter_key, lower(filters ->> channel.filter_key))
            || coalesce((
                select jsonb_build_object(
                    'where', jsonb_agg(w.condition || jsonb_build_object('kind', c.kind))
                )
                from jsonb_array_elements(filters -> 'where') as w (condition)
                inner join wedsync_realtime.channel_columns(channel) as c
                    on c.name = w.condition ->> 'column'
                having count(*) > 0
            ), '{}')
    );
end
$$;

comment on function wedsync_realtime.filter_params(wedsync_realtime.channels, jsonb) is
'Checked filters in the form in which a subscription keeps them.';
revoke execute on function wedsync_realtime.filter_params(wedsync_realtime.channels, jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.filter_params(wedsync_realtime.channels, jsonb)
to wedsync_realtime_owner;
