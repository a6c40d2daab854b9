-- Word one step of explain_access.

create or replace function wedsync_realtime.explain_step(
    step    integer,
    user_id uuid,
    channel text,
    filters jsonb,
    problem wedsync_realtime.problem
)
    returns text
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_profile public.user_profiles;
    v_channel wedsync_realtime.channels;
    v_settings wedsync_realtime.settings;
    v_who text;
begin
    select p.* into v_profile from public.user_profiles as p where p.id = user_id;
    select c.* into v_channel from wedsync_realtime.channels as c where c.name = channel;
    select s.* into v_settings from wedsync_realtime.settings as s;
    v_who := case v_profile.user_type
        when 'supplier'
            then 'a user of supplier ' || coalesce(v_profile.supplier_id::text, '(none)')
        when 'couple' then 'a user of couple ' || coalesce(v_profile.couple_id::text, '(none)')
        else 'a user without a profile'
    end;
    if problem.code is not null and step <> 5 then
        return concat_ws(
            ' ', problem.error || '.', problem.details || '.', problem.hint,
            'The caller may try again in ' || problem.retry_after || ' s.'
        );
    end if;
    return case step
        when 1 then format('The caller is %s, %s.', user_id, v_who)
        when 2 then format('The channel %s exists and is enabled.', channel)
        when 3 then format('The filters are well-formed; %s is given.', v_channel.filter_key)
        when 4 then format(
            'The caller has subscribe calls left: %s at once, %s a minute.',
            v_settings.subscribe_burst, v_settings.subscribe_per_minute
        )
        when 5 then format(
            'The caller is %s. The channel admits suppliers by %s and couples by %s; %s is %s, '
            'which does %sadmit the caller.',
            v_who, coalesce(v_channel.supplier_authoriser, 'nothing'),
            coalesce(v_channel.couple_authoriser, 'nothing'), v_channel.filter_key,
            filters ->> v_channel.filter_key, case when problem.code is not null then 'not ' end
        )
        else 'User and tenant are below their limits.'
    end;
end
$$;

comment on function wedsync_realtime.explain_step(
    integer, uuid, text, jsonb, wedsync_realtime.problem
) is
'One step of explain_access in words.';
revoke execute on function wedsync_realtime.explain_step(
    integer, uuid, text, jsonb, wedsync_realtime.problem
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.explain_step(
    integer, uuid, text, jsonb, wedsync_realtime.problem
)
to wedsync_realtime_owner;
