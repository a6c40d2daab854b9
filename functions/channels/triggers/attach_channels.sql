-- Attach every channel whose table exists by now, and enable those that were waiting for it.

do $$
begin
    if exists (select from pg_publication as p where p.pubname = 'supabase_realtime') then
        null;
    elsif has_database_privilege(current_database(), 'create') then
        create publication supabase_realtime;
    end if;
end
$$;
select wedsync_realtime.prepare_channels();
select wedsync_realtime.attach_tables();
select wedsync_realtime.enable_channels();
