-- clients: what the decisions of the definer functions rest on, whatever RLS the application has
-- on it. They update nothing: the right to update the key is what SELECT ... FOR SHARE asks for.
-- Nothing for clients here: their access is the application's, or application.sql's.

drop policy if exists clients_all_owner on public.clients;
create policy clients_all_owner on public.clients
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy clients_all_owner on public.clients is
'The definer functions, which decide for themselves.';
grant select on public.clients to wedsync_realtime_owner;
grant update (id) on public.clients to wedsync_realtime_owner;
