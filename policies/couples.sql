-- couples: their names, for the monitoring views, whatever RLS the application has on it, and
-- only where it keeps them there. Nothing for clients here: their access is the application's, or
-- application.sql's.

drop policy if exists couples_select_owner on public.couples;
create policy couples_select_owner on public.couples
for select to wedsync_realtime_owner using (true);
comment on policy couples_select_owner on public.couples is
'The definer functions, which show names to the monitor.';
grant select (id) on public.couples to wedsync_realtime_owner;
do $$
begin
    if exists (
        select from pg_attribute as a
        where
            a.attrelid = 'public.couples'::regclass and a.attname = 'display_name'
            and not a.attisdropped
    ) then
        grant select (display_name) on public.couples to wedsync_realtime_owner;
    end if;
end
$$;
