-- Find the couple of a wedding. A wedding_id is that of a wedding_details row; a couple's own id
-- stands for its wedding before such a row exists.

create or replace function wedsync_realtime.wedding_couple(
    user_id    uuid,
    channel_id smallint,
    wedding_id uuid
)
    returns uuid
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if wedsync_realtime.may_hear(user_id, channel_id, wedding_id) then
        return wedding_id;
    end if;
    return (
        select w.couple_id from public.wedding_details as w where w.id = wedding_couple.wedding_id
    );
end
$$;

comment on function wedsync_realtime.wedding_couple(uuid, smallint, uuid) is
'Couple of a wedding that a user names, by the id of its row or of the couple.';
revoke execute on function wedsync_realtime.wedding_couple(uuid, smallint, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.wedding_couple(uuid, smallint, uuid)
to wedsync_realtime_owner;
