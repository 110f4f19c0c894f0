from pathlib import Path

from appliance.host.timezone import system_zone


def test_the_link_of_localtime_names_the_zone(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert system_zone(localtime=link, timezone=tmp_path / "none").key == "Europe/Berlin"


def test_the_file_of_debian_is_read_where_localtime_is_no_link(tmp_path: Path) -> None:
    name = tmp_path / "timezone"
    name.write_text("Asia/Tokyo\n")
    assert system_zone(localtime=tmp_path / "none", timezone=name).key == "Asia/Tokyo"


def test_without_a_known_name_it_is_utc(tmp_path: Path) -> None:
    name = tmp_path / "timezone"
    name.write_text("Middle/Earth\n")
    assert system_zone(localtime=tmp_path / "none", timezone=name).key == "UTC"
