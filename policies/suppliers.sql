-- suppliers: their names, for the monitoring views, whatever RLS the application has on it, and
-- only where it keeps them there. Nothing for clients here: their access is the application's, or
-- application.sql's.

drop policy if exists suppliers_select_owner on public.suppliers;
create policy suppliers_select_owner on public.suppliers
for select to wedsync_realtime_owner using (true);
comment on policy suppliers_select_owner on public.suppliers is
'The definer functions, which show names to the monitor.';
grant select (id) on public.suppliers to wedsync_realtime_owner;
do $$
begin
    if exists (
        select from pg_attribute as a
        where
            a.attrelid = 'public.suppliers'::regclass and a.attname = 'business_name'
            and not a.attisdropped
    ) then
        grant select (business_name) on public.suppliers to wedsync_realtime_owner;
    end if;
end
$$;
