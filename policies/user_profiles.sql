-- user_profiles: what the decisions of the definer functions rest on, whatever RLS the
-- application has on it. They update nothing: the right to update the key is what SELECT ... FOR
-- SHARE asks for. Nothing for clients here: their access is the application's, or
-- application.sql's.

drop policy if exists user_profiles_all_owner on public.user_profiles;
create policy user_profiles_all_owner on public.user_profiles
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy user_profiles_all_owner on public.user_profiles is
'The definer functions, which decide for themselves.';
grant select on public.user_profiles to wedsync_realtime_owner;
grant update (id) on public.user_profiles to wedsync_realtime_owner;
