// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

interface ILensOracle {
    function getUnderlyingPrice(address cToken) external view returns (uint256);
}

interface ILensCToken {
    function getAccountSnapshot(address account)
        external
        view
        returns (uint256 err, uint256 cTokens, uint256 borrow, uint256 rate);
    function exchangeRateStored() external view returns (uint256);
}

interface ILensComptroller {
    function getAssetsIn(address account) external view returns (address[] memory);
    function markets(address cToken) external view returns (bool listed, uint256 factor, bool flag);
    function oracle() external view returns (ILensOracle);
    function liquidationIncentiveMantissa() external view returns (uint256);
}

/// What a Comptroller of the generations before December 2020 computes: products of two mantissas
/// are rounded half up. Plugged in as the lens of a real Comptroller.
contract HalfUpLens {
    uint256 private constant SCALE = 1e18;
    uint256 private constant PRICE_ERROR = 13;

    function half(uint256 a, uint256 b) private pure returns (uint256) {
        return (a * b + SCALE / 2) / SCALE;
    }

    struct Question {
        ILensComptroller comptroller;
        address account;
        address modified;
        uint256 redeemTokens;
        uint256 borrowAmount;
    }

    function getHypotheticalAccountLiquidity(
        address comptroller,
        address account,
        address modified,
        uint256 redeemTokens,
        uint256 borrowAmount
    ) external view returns (uint256, uint256, uint256) {
        Question memory question =
            Question(ILensComptroller(comptroller), account, modified, redeemTokens, borrowAmount);
        address[] memory assets = question.comptroller.getAssetsIn(account);
        uint256 collateral;
        uint256 borrow;
        for (uint256 i = 0; i < assets.length; i++) {
            uint256 price = question.comptroller.oracle().getUnderlyingPrice(assets[i]);
            if (price == 0) return (PRICE_ERROR, 0, 0);
            (uint256 more, uint256 owed) = one(question, assets[i], price);
            collateral += more;
            borrow += owed;
        }
        if (collateral > borrow) return (0, collateral - borrow, 0);
        return (0, 0, borrow - collateral);
    }

    /// What one asset adds to the two sides.
    function one(Question memory question, address asset, uint256 price)
        private
        view
        returns (uint256 collateral, uint256 borrow)
    {
        (, uint256 cTokens, uint256 owed, uint256 rate) = ILensCToken(asset).getAccountSnapshot(question.account);
        (, uint256 factor,) = question.comptroller.markets(asset);
        uint256 denom = half(half(factor, rate), price);
        collateral = denom * cTokens / SCALE;
        borrow = price * owed / SCALE;
        if (asset != question.modified) return (collateral, borrow);
        borrow += denom * question.redeemTokens / SCALE;
        borrow += price * question.borrowAmount / SCALE;
    }

    function liquidateCalculateSeizeTokens(
        address comptroller,
        address borrowed,
        address seized,
        uint256 repaid
    ) external view returns (uint256, uint256) {
        ILensOracle oracle = ILensComptroller(comptroller).oracle();
        uint256 priceBorrowed = oracle.getUnderlyingPrice(borrowed);
        uint256 priceSeized = oracle.getUnderlyingPrice(seized);
        if (priceBorrowed == 0 || priceSeized == 0) return (PRICE_ERROR, 0);
        uint256 numerator = half(ILensComptroller(comptroller).liquidationIncentiveMantissa(), priceBorrowed);
        uint256 denominator = half(priceSeized, ILensCToken(seized).exchangeRateStored());
        return (0, numerator * SCALE / denominator * repaid / SCALE);
    }
}
