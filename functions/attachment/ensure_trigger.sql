-- Create a trigger unless there is one of this name, so that a deployment that changes nothing
-- locks nothing; one that runs for statements instead of rows, or for any column instead of some,
-- or the other way round, is replaced, and one of another comment gets this one. Who changes a
-- trigger in another way gives it another name.

create or replace function wedsync_realtime.ensure_trigger(
    relation   regclass,
    name       text,
    definition text,
    note       text
)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- @plpgsql_check_options: security_warnings = off
declare
    v_note text;
begin
    select obj_description(t.oid, 'pg_trigger') into v_note
    from pg_trigger as t
    where
        t.tgrelid = relation
        and t.tgname = ensure_trigger.name
        and (t.tgtype & 1 = 1) = (definition like '%for each row%')
        and (cardinality(t.tgattr::smallint[]) > 0) = (definition like '%update of %');
    if not found then
        execute format(
            'create or replace trigger %I %s', name, replace(definition, '%table%', relation::text)
        );
    elsif v_note = note then
        return false;
    end if;
    execute format('comment on trigger %I on %s is %L', name, relation, note);
    return true;
end
$$;

comment on function wedsync_realtime.ensure_trigger(regclass, text, text, text) is
'Create a trigger unless there is one of this name, level and comment, and for any column or only '
'some alike; %table% in the definition stands for the table.';
revoke execute on function wedsync_realtime.ensure_trigger(regclass, text, text, text)
from public, anon, authenticated, service_role;
