-- wedding_details: whose wedding it is, for the definer functions, whatever RLS the application
-- has on it. Nothing for clients here: their access is the application's, or application.sql's.

drop policy if exists wedding_details_select_owner on public.wedding_details;
create policy wedding_details_select_owner on public.wedding_details
for select to wedsync_realtime_owner using (true);
comment on policy wedding_details_select_owner on public.wedding_details is
'The definer functions, which decide for themselves.';
grant select (id, couple_id) on public.wedding_details to wedsync_realtime_owner;
