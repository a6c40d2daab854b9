-- Add what some tables still lack, in as short a lock as can be; returns how many statements that
-- took. Whoever holds a table for long but lets writers pass (vacuum, analyze, an index being
-- built) is waited for in a lock that stops no reader or writer, for 5 s or as long as patience
-- lasts. Then the statements get 50 ms to find the first table free, since everybody queues behind
-- them, and 60 ms for all others together. If that fails everything is let go and tried again,
-- beginning with the table that was not free.

create or replace function wedsync_realtime.attach_relations(
    relations regclass[],
    patience  interval default '30 s'
)
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    set lock_timeout = '50ms'
as $$
-- statements come from missing_attachments: @plpgsql_check_options: security_warnings = off
declare
    v_first regclass;
    v_missing record;
    v_done integer;
    v_locked timestamptz;
    v_until constant timestamptz := clock_timestamp() + patience;
begin
    perform set_config('lock_timeout', greatest(
        extract(epoch from least(patience, interval '5 s')) * 1000, 50
    )::integer::text, true);
    for v_first in
        select c.oid::regclass from pg_class as c
        where c.oid = any (relations) and pg_has_role(c.relowner, 'usage')
        order by c.oid
    loop
        execute format('lock table only %s in share update exclusive mode', v_first);
    end loop;
    loop
        begin
            v_done := 0;
            for v_missing in
                select m.relation, m.statement
                from wedsync_realtime.missing_attachments(relations) as m
                where m.obstacle is null
                order by m.relation is distinct from v_first, m.relation, m.place, m.statement
            loop
                perform set_config('lock_timeout', case v_done
                    when 0 then '50'
                    else greatest(
                        60 - extract(milliseconds from clock_timestamp() - v_locked)::integer, 5
                    )::text
                end, true);
                execute v_missing.statement;
                v_done := v_done + 1;
                v_locked := case v_done when 1 then clock_timestamp() else v_locked end;
            end loop;
            exit;
        exception
            when lock_not_available then
                if clock_timestamp() > v_until then
                    raise exception 'in use all the time: %',
                        wedsync_realtime.table_users(relations)
                        using errcode = 'lock_not_available',
                        hint = 'End these sessions or wait for them, then deploy again.';
                end if;
        end;
        v_first := v_missing.relation;
        perform pg_sleep(0.1 + random() * 0.3);
    end loop;
    return v_done;
end
$$;

comment on function wedsync_realtime.attach_relations(regclass[], interval) is
'Add what some tables still lack, in as short a lock as can be; returns how many statements.';
revoke execute on function wedsync_realtime.attach_relations(regclass[], interval)
from public, anon, authenticated, service_role;
