-- Set settings for this transaction, and return what they were before, to be set back in the same
-- way. After an error the end of the transaction does that.
-- Not by SET clauses of the trigger functions, which would cost every statement.

create or replace function wedsync_realtime.swap_settings(settings jsonb)
    returns jsonb
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_before jsonb;
begin
    select jsonb_object_agg(s.key, s.before) filter (
        where set_config(s.key, s.value, true) is not null  -- after it was read below
    )
    into v_before
    from (
        select e.key, e.value, current_setting(e.key) as before
        from jsonb_each_text(settings) as e
        offset 0
    ) as s;
    return v_before;
end
$$;

comment on function wedsync_realtime.swap_settings(jsonb) is
'Set settings for this transaction; returns what they were before.';
revoke execute on function wedsync_realtime.swap_settings(jsonb)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.swap_settings(jsonb)
to wedsync_realtime_owner;
