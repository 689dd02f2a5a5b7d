"""Why an upload is not taken: each with a stable code and a sentence that says what to do."""

from services.errors import (
    FileDamaged,
    Invalid,
    Malformed,
    MaterialTypeRefused,
    MaterialUnreadable,
    Problem,
    StoreUnwritable,
    TooLarge,
    Unavailable,
)


class MultipartBroken(Malformed):
    """The form around the file is cut off, ambiguous or over its limits."""

    code = "multipart_broken"
    sentence = "上传的内容不完整,请检查网络后重新上传。"


class UploadTooSlow(Malformed):
    """The bytes stopped coming, or came slower than the least pace."""

    code = "upload_too_slow"
    sentence = "上传太慢或已中断,请到信号较好的地方重新上传。"


class MaterialTooLarge(TooLarge):
    """More bytes than the material may have."""

    code = "material_too_large"
    sentence = "文件太大,请压缩或重新拍照后上传。"


class MaterialEmpty(Invalid):
    """A file of 0 bytes."""

    code = "material_empty"
    sentence = "文件是空的,请重新选择文件上传。"


class PictureTooManyPixels(MaterialUnreadable):
    """More pixels than are ever decoded, or more than its bytes can hold."""

    code = "picture_too_many_pixels"
    sentence = "照片的像素过高,请用手机相机的普通模式重新拍照后上传。"


class PictureAnimated(MaterialUnreadable):
    """A picture with several frames."""

    code = "picture_animated"
    sentence = "不支持动图,请上传静态照片。"


class PdfEncrypted(MaterialUnreadable):
    """A PDF with a password or with restricted permissions."""

    code = "pdf_encrypted"
    sentence = "PDF设有密码或权限限制,请去掉密码后重新上传,或改为拍照上传。"


class PdfActive(MaterialUnreadable):
    """A PDF with scripts or with actions that start something."""

    code = "pdf_active"
    sentence = "PDF中含有脚本或会自动运行的内容,请另外打印成普通PDF后上传,或改为拍照上传。"


class PdfCarriesFiles(MaterialUnreadable):
    """A PDF with other files inside."""

    code = "pdf_carries_files"
    sentence = "PDF中夹带了其他文件,请去掉附件后重新上传,或改为拍照上传。"


class PdfTooLong(MaterialUnreadable):
    """A PDF with more pages than are taken."""

    code = "pdf_too_long"
    sentence = "PDF超过200页,请只保留需要的页后重新上传。"


class PdfTooHeavy(MaterialUnreadable):
    """A PDF that unpacks to far more than it is worth, or with pages as large as a field."""

    code = "pdf_too_heavy"
    sentence = "PDF内容异常,打开会占用过多内存,请另外打印成普通PDF后上传,或改为拍照上传。"


class FileInFile(MaterialUnreadable):
    """A picture or document that is another kind of file as well."""

    code = "file_in_file"
    sentence = "文件里夹带了其他内容,请重新拍照,或另存为普通照片或PDF后上传。"


class OfdActive(MaterialUnreadable):
    """An OFD with scripts or with actions that start something."""

    code = "ofd_active"
    sentence = "OFD文件中含有会自动运行的内容,请另存为普通PDF后上传,或改为拍照上传。"


class OfdCarriesFiles(MaterialUnreadable):
    """An OFD with other files inside."""

    code = "ofd_carries_files"
    sentence = "OFD文件中夹带了其他文件,请去掉附件后重新上传,或另存为PDF后上传。"


class OfdTooLong(MaterialUnreadable):
    """An OFD with more pages than are taken."""

    code = "ofd_too_long"
    sentence = "OFD文件超过200页,请只保留需要的页后重新上传。"


class OfdTooHeavy(MaterialUnreadable):
    """An OFD that unpacks to far more than it is worth."""

    code = "ofd_too_heavy"
    sentence = "OFD文件内容异常,打开会占用过多内存,请另存为普通PDF后上传,或改为拍照上传。"


class InspectionDown(Unavailable):
    """No file can be checked just now."""

    code = "inspection_down"
    sentence = "系统正在检查较多文件,请稍后再上传。"


INSPECTION_REFUSALS: dict[str, type[Problem]] = {
    refusal.code: refusal
    for refusal in (
        FileInFile,
        FileDamaged,
        MaterialTypeRefused,
        MaterialUnreadable,
        OfdActive,
        OfdCarriesFiles,
        OfdTooHeavy,
        OfdTooLong,
        PdfActive,
        PdfCarriesFiles,
        PdfEncrypted,
        PdfTooHeavy,
        PdfTooLong,
        PictureAnimated,
        PictureTooManyPixels,
        StoreUnwritable,
    )
}
"""What the inspecting process may answer, by the code that travels."""
