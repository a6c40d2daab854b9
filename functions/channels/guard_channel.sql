-- Hold rows of the registry that are written by hand to what register_channel asks for: a bad
-- tenant column would make the writes of the application fail. A new channel waits, disabled, until
-- it is attached; its table may not be there yet.

create or replace function wedsync_realtime.guard_channel()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant regclass := wedsync_realtime.channel_table(new);
    v_keys constant text[] := wedsync_realtime.key_columns(v_table);
    v_problem text;
begin
    if tg_op = 'UPDATE' and (old.schema_name, old.table_name) <> (new.schema_name, new.table_name)
        and wedsync_realtime.channel_table(old) is not null
    then
        raise exception 'channel % cannot move away from %', old.name,
            wedsync_realtime.channel_table(old)
            using errcode = 'feature_not_supported',
            hint = 'Unregister it and register a channel for the other table.';
    end if;
    if tg_op = 'INSERT' then
        if v_keys is not null and not wedsync_realtime.is_key(v_table, new.key_columns) then
            new.key_columns := v_keys;
        end if;
        if new.is_enabled then
            new.is_enabled := false;
            new.problem := 'it is not attached yet';
        end if;
        if v_table is null then
            return new;
        end if;
        v_problem := wedsync_realtime.table_problem(new);
    elsif new.is_enabled then
        new.problem := null;
        v_problem := case
            when old.problem is not null or new.found_published is null
                then wedsync_realtime.channel_problem(new)
            else wedsync_realtime.table_problem(new)
        end;
        if v_problem is null and not wedsync_realtime.is_key(v_table, new.key_columns) then
            v_problem := format(
                '%s does not identify a row of %s', array_to_string(new.key_columns, ', '), v_table
            );
        end if;
    end if;
    if v_problem is not null then
        raise exception 'channel % cannot be enabled: %', new.name, v_problem
            using errcode = 'invalid_parameter_value',
            hint = 'Correct the row or the table; a deployment attaches what is not attached.';
    end if;
    return new;
end
$$;

comment on function wedsync_realtime.guard_channel() is
'Trigger: refuse a row of the registry that does not fit its table.';
revoke execute on function wedsync_realtime.guard_channel()
from public, anon, authenticated, service_role;
