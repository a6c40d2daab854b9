-- Hand the definer functions to the role whose privileges they are to have, or tell that they have
-- those of the deploying role.

do $$
begin
    perform wedsync_realtime.own_functions();
    if exists (
        select
        from pg_proc as p
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and p.prosecdef
            and pg_get_userbyid(p.proowner) = current_user
            and p.proname not in ('broadcast_events', 'lock_user', 'open_transactions')
    ) then
        raise warning 'the definer functions have all privileges of %: as a superuser run '
            '"grant wedsync_realtime_owner to %"', current_user, quote_ident(current_user);
    end if;
end
$$;
