-- Give a table and its partitions back the replica identity that the table was found with; the
-- default one where that was an index which is gone or which a partition has not.

create or replace function wedsync_realtime.restore_identity(relation regclass, identity text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- identifiers come from the catalog: @plpgsql_check_options: security_warnings = off
declare
    v_part regclass;
begin
    for v_part in
        select relation
        union
        select p.relid from pg_partition_tree(relation) as p
    loop
        execute format(
            'alter table only %s replica identity %s', v_part,
            case
                when identity like 'using index %' and not exists (
                    select
                    from pg_index as i
                    inner join pg_class as x on x.oid = i.indexrelid
                    where
                        i.indrelid = v_part
                        and 'using index ' || quote_ident(x.relname) = identity
                ) then 'default'
                else identity
            end
        );
    end loop;
end
$$;

comment on function wedsync_realtime.restore_identity(regclass, text) is
'Give a table and its partitions back the replica identity that the table was found with.';
revoke execute on function wedsync_realtime.restore_identity(regclass, text)
from public, anon, authenticated, service_role;
