-- Attach every channel whose table exists by now.

do $$
begin
    if not exists (select from pg_publication as p where p.pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
    perform wedsync_realtime.attach_channel(c) from wedsync_realtime.channels as c order by c.id;
end
$$;
