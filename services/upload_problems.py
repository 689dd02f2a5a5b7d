"""Why an upload is not begun, not gone on with, or not found."""

from services.errors import (
    Busy,
    ChecksumWrong,
    Conflict,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    TooMany,
)


class UploadUnknown(NotFound):
    """No such upload, or somebody else's."""

    code = "upload_unknown"
    sentence = "没有找到这次上传,请重新选择文件上传。"


class UploadGone(Gone):
    """It is over: expired, ended by its owner, or refused (``refusal`` says why)."""

    code = "upload_gone"
    sentence = "这次上传已经失效,请重新选择文件上传。"


class UploadOffsetWrong(Conflict):
    """The part does not begin where the upload stands (``offset`` says where)."""

    code = "upload_offset_wrong"
    sentence = "上传进度不一致,请从服务器记录的位置继续上传。"


class UploadUnfinished(Conflict):
    """Not all of its bytes have come, or they are still being looked at."""

    code = "upload_unfinished"
    sentence = "文件还没有传完或正在检查,请稍后再试。"


class UploadBusy(Busy):
    """Another request is writing to it."""

    code = "upload_busy"
    sentence = "这个文件正在上传,请稍等几秒再继续。"


class UploadChecksumWrong(ChecksumWrong):
    """The part's checksum is not the one that was sent; nothing of it was kept."""

    code = "upload_checksum_wrong"


class UploadEmpty(Invalid):
    """A file of 0 bytes."""

    code = "material_empty"
    sentence = "文件是空的,请重新选择文件上传。"


class UploadTooLong(TooLarge):
    """More bytes than may be, or than were announced."""

    code = "upload_too_long"
    sentence = "文件太大,请压缩或重新拍照后上传。"


class UploadInPieces(Malformed):
    """It came in more parts than a file has reason to."""

    code = "upload_in_pieces"
    sentence = "这次上传断断续续的次数太多,请重新选择文件上传。"


class UploadsTooMany(TooMany):
    """So many are open or stored that no further one is taken."""

    code = "uploads_too_many"
    sentence = "未完成或暂存的文件太多,请先删除不用的文件,或者明天再上传。"
