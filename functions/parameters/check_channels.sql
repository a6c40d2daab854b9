-- Check the argument channels of subscribe.
-- Refuses: invalid_request, unknown_channel.

create or replace function wedsync_realtime.check_channels(
    channels text[],
    known    wedsync_realtime.channels[],
    most     integer
)
    returns wedsync_realtime.problem
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
begin
    if coalesce(cardinality(channels), 0) = 0 or array_ndims(channels) <> 1 then
        return wedsync_realtime.to_problem(
            'invalid_request', 'channels must be a list of one channel name or more'
        );
    end if;
    if cardinality(channels) > most then
        return wedsync_realtime.to_problem(
            'invalid_request',
            format(
                'channels names %s channels, at most %s are allowed', cardinality(channels), most
            )
        );
    end if;
    if cardinality(channels) = cardinality(known) then
        return null;
    end if;

    foreach v_name in array channels loop
        if v_name is null then
            return wedsync_realtime.to_problem('invalid_request', 'channels contains null');
        end if;
        if not exists (select from unnest(known) as k where k.name = v_name) then
            return wedsync_realtime.to_problem(
                'unknown_channel', 'Unknown channel: ' || left(v_name, 64),
                hint => (
                    select 'Channels: ' || string_agg(c.name, ', ' order by c.name)
                    from wedsync_realtime.channels as c where c.is_enabled
                )
            );
        end if;
    end loop;
    return wedsync_realtime.to_problem('invalid_request', 'channels names a channel twice');
end
$$;

comment on function wedsync_realtime.check_channels(
    text[], wedsync_realtime.channels[], integer
) is
'Problem with the argument channels of subscribe, or null.';
revoke execute on function wedsync_realtime.check_channels(
    text[], wedsync_realtime.channels[], integer
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.check_channels(
    text[], wedsync_realtime.channels[], integer
)
to wedsync_realtime_owner;
