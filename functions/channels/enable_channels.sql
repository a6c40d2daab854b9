-- Enable the channels, or one of them, that a deployment had disabled and that are attached by
-- now, and warn of those that are not and of what could not be attached.

create or replace function wedsync_realtime.enable_channels(only_id smallint default null)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_channel wedsync_realtime.channels;
    v_problem record;
    v_is_attached boolean;
begin
    -- what is not attached takes long to find
    if exists (
        select from wedsync_realtime.channels as c
        where c.problem is not null and c.id = coalesce(only_id, c.id)
    )
    then
        -- asked once of all tables, which takes no longer than of one channel's
        v_is_attached := not exists (
            select from wedsync_realtime.missing_attachments() as m where m.place < 3
        );
        for v_channel in
            update wedsync_realtime.channels as c
            set is_enabled = p.problem is null, problem = p.problem
            from wedsync_realtime.channels as o
            cross join lateral (
                select case
                    when v_is_attached then wedsync_realtime.table_problem(o)
                    else wedsync_realtime.channel_problem(o)
                end
                offset 0
            ) as p (problem)
            where
                c.id = o.id and c.id = coalesce(only_id, c.id)
                and c.problem is not null and c.problem is distinct from p.problem
            returning c.*
        loop
            -- in the first deployment nothing watches the registry yet
            perform wedsync_realtime.compile_channel(v_channel) where v_channel.is_enabled;
        end loop;
    end if;

    for v_problem in
        select c.name, c.problem
        from wedsync_realtime.channels as c
        where c.problem is not null and c.id = coalesce(only_id, c.id)
        order by c.id
    loop
        raise warning 'channel % is disabled: %', v_problem.name, v_problem.problem;
    end loop;
    for v_problem in
        select distinct m.obstacle
        from wedsync_realtime.missing_attachments() as m
        where
            m.obstacle is not null and only_id is null
            and not exists (
                select from wedsync_realtime.channels as c where c.problem = m.obstacle
            )
    loop
        raise warning '%', v_problem.obstacle;
    end loop;
end
$$;

comment on function wedsync_realtime.enable_channels(smallint) is
'Enable channels that a deployment had disabled and that are attached by now; warn of the others.';
revoke execute on function wedsync_realtime.enable_channels(smallint)
from public, anon, authenticated, service_role;
